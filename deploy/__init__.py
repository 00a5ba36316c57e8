"""What runs Movie Together outside of the services themselves: the local stack, the neighbours, the containers."""
