"""The HTTP side of Movie Together: people, films, rooms, invitations, and the archive of rooms' journals.

Its folders and modules are layers (.importlinter): each imports only those below it.
"""
