"""Where trainings are carried out: `base.py` is the seam between the queue and the machines, the rest stands behind it.

Imports the files of `runs` that know of one training, never the queue and the store.
"""
