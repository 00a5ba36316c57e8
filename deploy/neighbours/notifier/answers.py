"""What the notifier answers to the cinema: that an event's mail was sent, or that it never will be."""

import json
import uuid
from datetime import datetime
from typing import Any

import aio_pika

from deploy.neighbours.notifier.handling import Done, Outcome, SetAside

SENT = "notification.sent.v1"
FAILED = "notification.failed.v1"
SOURCE = "notifier"
MAX_DETAIL_CHARACTERS = 500


def answer_to(body: bytes, outcome: Outcome, now: datetime) -> aio_pika.Message | None:
    """The answer to one event, its type in the message's `type`; None where nothing is settled, or nobody to tell.

    The same event and outcome always give the same id, so an answer that comes twice counts once.
    """
    event = _read(body)
    if event is None:
        return None
    data = {"invitation_id": event["data"]["invitation_id"], "event_id": event["id"], "at": now.isoformat()}
    match outcome:
        case Done(mailed=True):
            type_ = SENT
        case SetAside(reason, problem):
            type_ = FAILED
            data |= {"reason": reason, "detail": problem[:MAX_DETAIL_CHARACTERS]}
        case _:
            return None
    answer = {
        "specversion": "1.0",
        "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{event['id']} {type_}")),
        "source": SOURCE,
        "type": type_,
        "subject": event["subject"],
        "time": now.isoformat(),
        "datacontenttype": "application/json",
        "data": data,
    }
    return aio_pika.Message(
        json.dumps(answer, ensure_ascii=False).encode(),
        content_type="application/cloudevents+json",
        message_id=answer["id"],
        type=type_,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )


def _read(body: bytes) -> dict[str, Any] | None:
    """The event if it says whom an answer is about, else None: an invalid one may say even that wrong."""
    try:
        event = json.loads(body)
        found = [event["id"], event["subject"], event["data"]["invitation_id"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return event if all(isinstance(value, str) and value for value in found) else None
