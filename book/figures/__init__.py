"""The course's figures, and the sliders under them, drawn from plain arrays.

`plots` draws attention maps, curves, dots and bars; `explore` stands on it and puts sliders under
any figure, in a kernel and in the built page. Neither knows a model, a task or `helpers`.
"""
