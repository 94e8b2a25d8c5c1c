"""Where trainings are carried out: the seam between the queue and the machines, in `base.py`, and what stands behind it.

Imports the files of `runs` that know of one training, never the queue and the store.
"""
