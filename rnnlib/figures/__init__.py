"""What the figures of ``rnnlib.stepper`` are made of.

``figure``: frames, tables and the widgets. ``sheet``: numbers in their places. ``forwards`` and
``backwards``: what a kind of network shows. ``comparing``: two figures side by side, families.
``charts`` and ``conventions``: magnitudes over time, and what is a matter of convention.
"""
