"""Grasshopper components that talk to the ganmnist server, and the tool that builds them."""
