"""The course's figures, and the sliders under them, drawn from plain arrays.

`plots` draws attention maps, curves, dots and bars; `explore` stands on it and puts sliders under
any figure, in a kernel and in the built page. `plane`, `look_up`, `by_hand`, `patterns`, `masks`
and `through_time` are small figures that one drags and presses; `card` holds what they share. None
knows a model, a task or `helpers`.
"""
