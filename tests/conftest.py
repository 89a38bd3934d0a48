"""What holds for all tests: how Hypothesis goes about its work on machines that are busy with other things."""

from hypothesis import HealthCheck, settings

# How long an example takes says something of the machine, and nothing of our code.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")
