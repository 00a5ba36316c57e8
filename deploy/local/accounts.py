"""Whose rights a child process gets: PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# `postgres` comes with Debian's package; `nobody` is on every machine.
UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """An account of this machine that a child process runs as."""

    name: str
    uid: int
    gid: int

    def popen_arguments(self) -> dict[str, Any]:
        """Return the arguments of `subprocess.Popen` that drop root's rights and groups in the child."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_enter(self, folder: Path) -> bool:
        """Return whether the account may look into `folder` (a clone below /root, for one, it may not)."""
        test = subprocess.run(["test", "-x", folder], **self.popen_arguments(), check=False)
        return test.returncode == 0


def unprivileged_account() -> Account | None:
    """Return the account for programs that refuse root; None when we are not root and need no other."""
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise LookupError(f"PostgreSQL cannot run as root, and this machine has none of the accounts {UNPRIVILEGED}")
