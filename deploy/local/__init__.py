"""The local stack: private stores and every process of Movie Together on one machine, for `make run` and the tests."""
