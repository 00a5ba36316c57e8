"""What runs Movie Together outside of the services themselves: the local stack, the neighbours, images, the demo.

The services import nothing of it, and it reaches into them by their commands, settings and ports only.
"""
