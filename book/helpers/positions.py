"""Encodings of position, to give order back to models that see their input as a set.

Stands on nothing; the encoder of `transformer` adds what it returns to the embeddings.
"""

import numpy as np

__all__ = ["sinusoidal"]


def sinusoidal(n, width):
    r"""Sines and cosines of the position, at wavelengths from 2π to 10000·2π.

    .. math::
        p_{t, 2i} = \sin(t / 10000^{2i / d}), \quad p_{t, 2i+1} = \cos(t / 10000^{2i / d})

    Parameters
    ----------
    n : int
        Number of positions.
    width : int
        Size d of each encoding.

    Returns
    -------
    float32 array (n, width)

    References
    ----------
    Vaswani et al. 2017, section 3.5.

    Examples
    --------
    >>> sinusoidal(2, 4).round(2)
    array([[0.  , 1.  , 0.  , 1.  ],
           [0.84, 0.54, 0.01, 1.  ]], dtype=float32)
    """
    rates = 10000.0 ** (-np.arange(0, width, 2) / width)
    angles = np.arange(n)[:, None] * rates
    encoding = np.empty((n, width), dtype=np.float32)
    encoding[:, 0::2] = np.sin(angles)
    encoding[:, 1::2] = np.cos(angles[:, : width // 2])
    return encoding
