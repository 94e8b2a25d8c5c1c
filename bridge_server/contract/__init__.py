"""What goes over the wire: a file of messages for each noun, and the table of calls.

Imports `ganmnist` alone: no Flask, no torch. Nothing is exported here, so that whoever needs one noun loads no other.
"""
