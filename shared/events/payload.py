"""What the data of all events have in common."""

from marshmallow import EXCLUDE, Schema


class PayloadSchema(Schema):
    class Meta:
        # Readers ignore unknown fields: a later version may add some.
        unknown = EXCLUDE
