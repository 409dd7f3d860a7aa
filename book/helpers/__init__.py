"""The course's models in plain NumPy: formulas you can read, gradients from `autograd`.

Imports point one way: primitives -> functions -> recurrent, attention, positions -> transformer
-> seq2seq -> training -> experiments. `decoding` and `tasks` know no model; `checks` knows only
functions that are handed to it. A name without an underscore in front is for everybody.
"""
