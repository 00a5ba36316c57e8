"""An example of each JSON body that people's endpoints take, by operation."""

from collections.abc import Mapping
from typing import Any, Final

_FILM: Final = "0199c0dd-0000-7000-8000-000000000001"
_BORIS: Final = "0199c0dd-0000-7000-8000-0000000000b2"

REQUESTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "open_room": {
        "film_id": _FILM,
        "access": "invited",
        "title": "Friday night",
        "settings": {"slow_mode_s": 5},
        "invite": {"matches": True, "users": [_BORIS]},
    },
    "change_room": {"control": "moderators", "capacity": 20, "settings": {"locked": True}},
    "change_film": {"film_id": _FILM, "start": "at_once"},
    "transfer_room": {"user_id": _BORIS},
    "enter_as_guest": {"name": "Zoe"},
    "invite_friends": {"users": [_BORIS]},
    "answer_invitation": {"answer": "accepted"},
    "choose_mails": {"wanted": False},
}
