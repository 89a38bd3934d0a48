"""Load: one Locust user for every simulated person."""
