"""Training of DVIS in its three stages: segmenter, referring tracker, temporal refiner.

Of `dvis_model`, this folder alone may import `evaluator`, and only the command `train` imports it.
"""
