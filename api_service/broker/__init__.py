"""In and out of RabbitMQ: the outbox's relay and the archive of what happened in rooms.

It calls use cases and the database; only the wiring and the housekeeping import it.
"""
