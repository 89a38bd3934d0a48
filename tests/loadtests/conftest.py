"""Locust as a library: it is not to make over the threads of the process that runs all tests."""

import os

os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"
