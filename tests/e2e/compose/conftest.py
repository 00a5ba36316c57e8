"""Only `deploy/compose/test.sh` can bring the stack that these tests look at; it says so by COMPOSE and SITE_URL."""

from __future__ import annotations

import os

collect_ignore_glob = [] if {"COMPOSE", "SITE_URL"} <= os.environ.keys() else ["test_*.py"]
