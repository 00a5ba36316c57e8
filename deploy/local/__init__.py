"""The local stack: private stores and every process of Movie Together on one machine, for `make run` and the tests.

No service is imported here: each is a program with an environment. What only tests need of stores (a Cluster,
Sentinels, virtual hosts, a clock that can be set) is in `tests/support/`. `bootstrap.py` runs before anything is
installed.
"""
