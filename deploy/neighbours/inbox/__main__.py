"""`python -m deploy.neighbours.inbox`"""

import sys

from deploy.neighbours.inbox.app import run
from deploy.neighbours.inbox.settings import read_settings
from deploy.neighbours.process import SettingsError, configure_logging, run_until_signal

if __name__ == "__main__":
    try:
        settings = read_settings()
    except SettingsError as error:
        sys.exit(str(error))
    configure_logging(settings.log_level, settings.log_format)
    run_until_signal(lambda stopping: run(settings, stopping))
