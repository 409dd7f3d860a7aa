"""The course's models in plain NumPy: formulas you can read, gradients from `autograd`.

Imports point one way: fast, shapes <- models <- cached, cost, bugs <- runs <- measures. `tasks`
and `decoding` know no model; `checks` knows only functions that are handed to it. The body of a
function is its formula; where a kernel of `fast` computes it, ``function.formula`` is that body.
"""
