"""The HTTP side of Movie Together: people, films, rooms, invitations, and the archive of what happened in rooms."""
