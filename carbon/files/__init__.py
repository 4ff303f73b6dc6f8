"""The estimators on files: usage, power and intensity in, a row for each instance and day out.

No model and no upstream is touched here. Usage is streamed: memory does not grow with its rows.
"""
