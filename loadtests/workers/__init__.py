"""What several workers of one test tell each other, so that what one says and another hears is accounted for."""
