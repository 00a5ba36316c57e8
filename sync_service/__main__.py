"""`python -m sync_service`: the service, and the commands for whoever runs it (`--help` lists them)."""

import sys

from sync_service.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
