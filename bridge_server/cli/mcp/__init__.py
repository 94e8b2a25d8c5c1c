"""The tools of an assistant, over the Model Context Protocol: made of the table of calls, carried out over HTTP."""
