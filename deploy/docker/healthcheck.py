"""Asks the container's own process whether it is well: exit status 0 if HEALTH_URL answers 2xx within 4 s."""

import os
import sys
import urllib.error
import urllib.request


def main() -> None:
    """Exit with 0, or with one line that says what is wrong."""
    address = os.environ["HEALTH_URL"]
    if not address.startswith("http://"):
        sys.exit(f"HEALTH_URL is not an http address: {address}")
    try:
        with urllib.request.urlopen(address, timeout=4):  # noqa: S310 - checked above
            pass
    except urllib.error.HTTPError as error:
        sys.exit(f"{address}: {error.code} {error.read(500).decode(errors='replace')}")
    except OSError as error:
        sys.exit(f"{address}: {error}")


if __name__ == "__main__":
    main()
