"""The HTTP side of Movie Together: people, films, rooms, invitations, and the archive of what happened in rooms.

It owns what must last, in PostgreSQL. It never touches Redis, and learns of live rooms from RabbitMQ only.
"""
