"""What to do about it, where more than one sentence names it. The library and the server have theirs, and say the same.

No package index has ganmnist: start.py installs it, into the project's folder.
"""

INSTALL = "in the project's folder type: python start.py"
UPDATE_SERVER = (
    "the server (bring the project's folder up to date, type there: python start.py setup, and start the server again)"
)
UPDATE_COMPONENTS = "the components ({0}, and restart Rhino)"  # by the command that installs them
