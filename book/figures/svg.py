"""Figures of Matplotlib as SVG for a page: small, sharp, and in the page's own font.

A figure becomes a list of lines, one element of the drawing each, so that two pictures can be
compared line by line. There are no identifiers, styles or dates in it: the same figure gives the
same text, and a page may hold any number of them. White grounds are left out, and light greys are
black that lets most of the ground through, so that a drawing stands on any ground.
"""

import base64
import difflib
import io
import math
from html import escape

import numpy as np
from matplotlib.backend_bases import RendererBase
from matplotlib.colors import to_hex
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox
from PIL import Image

INCH = 96  # CSS pixels
LIGHT = 0.8  # greys from here on are drawn as black that lets the ground through
FEW = 50  # marks one can see through, each an element: those upon others look darker
CLOUD = 200  # marks alike, from here on, stand at whole pixels, and once at each
CAPS = {"butt": "butt", "round": "round", "projecting": "square"}
ANCHORS = {"left": "start", "center": "middle", "right": "end"}
# Of text that stands upright, reading upwards.
UPRIGHT = {"bottom": "start", "center": "middle", "center_baseline": "middle", "top": "end"}

_extents = {}  # (text, font, whether it is a formula) -> width, height and descent


def drawn(figure):
    """Return a figure as the elements of an SVG.

    Parameters
    ----------
    figure : matplotlib.figure.Figure

    Returns
    -------
    list of str
        One element a line, in CSS pixels from the upper left corner.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> figure = Figure((2, 1))
    >>> _ = figure.text(0.5, 0.5, "a < b", ha="center", size=12)
    >>> drawn(figure)
    ['<text x="96" y="48" font-size="16" text-anchor="middle">a &lt; b</text>']
    """
    figure.set_dpi(INCH)
    pen = _Pen(*figure.bbox.size)
    grounds = [part.patch for part in (figure, *figure.subfigs, *figure.axes)]
    seen = [ground.get_visible() for ground in grounds]
    for ground in grounds:
        ground.set_visible(ground.get_visible() and not _is_white(ground.get_facecolor()))
    try:
        figure.draw(pen)
    finally:
        for ground, visible in zip(grounds, seen, strict=True):
            ground.set_visible(visible)
    return pen.lines()


def element(lines, size, attributes=""):
    """Return the whole SVG of such lines.

    Parameters
    ----------
    lines : list of str
    size : (float, float)
        Width and height in inches.
    attributes : str
        More of them, for the element itself.

    Returns
    -------
    str

    Examples
    --------
    >>> element([], (2, 1), 'class="wide"')
    '<svg class="wide" width="192" height="96" viewBox="0 0 192 96" aria-hidden="true"></svg>'
    """
    width, height = (round(INCH * length) for length in size)
    return (
        f'<svg {attributes} width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'aria-hidden="true">{"".join(lines)}</svg>'
    )


def differences(base, lines):
    r"""Return what has to be put in place of which lines of a base.

    Parameters
    ----------
    base, lines : lists of str

    Returns
    -------
    list of [int, int, str]
        The lines of the base from the first number up to the second, without it, become the text.

    Examples
    --------
    >>> differences(["<a/>", "<b/>", "<c/>"], ["<a/>", "<d/>", "<e/>", "<c/>"])
    [[1, 2, '<d/><e/>']]
    """
    matcher = difflib.SequenceMatcher(None, base, lines, autojunk=False)
    return [
        [first, last, "".join(lines[start:end])]
        for kind, first, last, start, end in matcher.get_opcodes()
        if kind != "equal"
    ]


class _Pen(RendererBase):
    """Takes what Matplotlib draws, and writes it down."""

    def __init__(self, width, height):
        super().__init__()
        self.width, self.height = width, height
        self.turn = Affine2D().scale(1, -1).translate(0, height)  # y counts downwards
        self.found, self.inside = [], None  # elements (start, path, end); where an axis begins

    def lines(self):
        return [start + path + end for start, path, end in self.found]

    def get_canvas_width_height(self):
        return self.width, self.height

    def points_to_pixels(self, points):
        return points * INCH / 72

    def option_scale_image(self):
        return True

    def get_text_width_height_descent(self, s, prop, ismath):
        key = s, hash(prop), ismath
        if key not in _extents:  # the same words stand in picture after picture
            _extents[key] = super().get_text_width_height_descent(s, prop, ismath)
        return _extents[key]

    def open_group(self, s, gid=None):
        if s == "matplotlib.axis":
            self.inside = len(self.found)

    def close_group(self, s):
        if s == "matplotlib.axis":
            self.inside = None

    def draw_path(self, gc, path, transform, rgbFace=None):
        transform, clip, bounds = transform + self.turn, self._clip(gc), None
        filled = rgbFace is not None and (len(rgbFace) < 4 or rgbFace[3] > 0)
        if clip is not None and filled:
            path, transform = transform.transform_path(path), Affine2D()
            if not _lies_in(path.vertices, clip):
                path = path.clip_to_bbox(clip)
        elif clip is not None and not (path.codes is not None and (path.codes > 2).any()):
            bounds = clip.extents
        path = path.cleaned(
            transform,
            remove_nans=True,
            clip=bounds,
            simplify=path.should_simplify and not filled,
            curves=True,
            snap=gc.get_snap() if len(path.vertices) <= 5 else False,
            stroke_width=self.points_to_pixels(gc.get_linewidth()),
        )
        data = _path_data(path)
        if data:
            self._add(data, self._look(gc, rgbFace if filled else None), filled)

    def draw_markers(self, gc, marker_path, marker_trans, path, trans, rgbFace=None):
        places = [
            vertices[-2:] for vertices, _ in path.iter_segments(trans + self.turn, simplify=False)
        ]
        clip = self._clip(gc)
        if clip is not None:
            low, high = clip.min - 0.5, clip.max + 0.5
            places = [place for place in places if (low <= place).all() and (place <= high).all()]
        shape = marker_path.transformed(marker_trans + Affine2D().scale(1, -1))
        filled = rgbFace is not None and (len(rgbFace) < 4 or rgbFace[3] > 0)
        if len(shape.vertices) <= 2:  # a tick: sharp, as the lines of the grid are
            filled, places = False, [np.floor(place) + 0.5 for place in places]
        look = self._look(gc, rgbFace if filled else None)
        if filled and _is_circle(marker_path) and tuple(rgbFace[:3]) == gc.get_rgb()[:3]:
            # A disc is a line of no length with round ends.
            extent = shape.get_extents()
            line = self.points_to_pixels(gc.get_linewidth())
            width, mark = _number(extent.width + line), "h0"
            ink, opacity = self._ink(rgbFace, gc)
            look = f' fill="none" stroke="{ink}" stroke-width="{width}" stroke-linecap="round"'
            look += opacity
        else:
            mark = _path_data(shape.cleaned(curves=True), relative=True).removeprefix("m0 0")
        if len(places) >= CLOUD:
            places = np.unique(np.round(places), axis=0)
        data = [f"M{_number(x)} {_number(y)}{mark}" for x, y in places]
        alone = _sees_through(gc, rgbFace) and len(places) <= FEW
        for one in data if alone or not data else ["".join(data)]:
            self._add(one, look, filled)

    def draw_quad_mesh(self, gc, master_transform, meshWidth, meshHeight, coordinates, *others):
        """Draw cells of one size, such as those of a colour bar, as a picture."""
        offsets, _, faces, *_ = others
        corners = master_transform.transform(coordinates.reshape(-1, 2)).reshape(coordinates.shape)
        cells = np.reshape(faces, (meshHeight, meshWidth, 4)) if len(faces) > 1 else None
        if not np.isclose(corners[-1, 0, 0], corners[0, 0, 0]):  # rows stand upright
            corners = corners.swapaxes(0, 1)
            cells = None if cells is None else cells.swapaxes(0, 1)
        steps = np.diff(corners[..., 0], axis=1), np.diff(corners[..., 1], axis=0)
        even = all(np.allclose(step, step[0, 0], atol=0.01) for step in steps)
        if cells is None or not even or np.any(offsets):
            others = meshWidth, meshHeight, coordinates, *others
            return super().draw_quad_mesh(gc, master_transform, *others)
        (left, low), (right, high) = corners[0, 0], corners[-1, -1]
        cells = np.round(255 * cells).astype(np.uint8)
        self.draw_image(gc, left, low, cells, Affine2D().scale(right - left, high - low))

    def draw_text(self, gc, x, y, s, prop, angle, ismath=False, mtext=None):
        size = self.points_to_pixels(prop.get_size_in_points())
        if ismath:  # formulas stay what they look like
            path, transform = self._formula(x, y, s, prop, angle)
            return self.draw_path(_without_line(self, gc), path, transform, gc.get_rgb())
        width, _, _ = self.get_text_width_height_descent(s, prop, False)
        anchor = "start"
        if mtext is not None:
            if round(angle) == 90 and mtext.get_rotation_mode() != "anchor":
                anchor = UPRIGHT.get(mtext.get_va(), "start")
            elif round(angle) == 0 or mtext.get_rotation_mode() == "anchor":
                anchor = ANCHORS[mtext.get_ha()]
        along = {"start": 0, "middle": width / 2, "end": width}[anchor]
        x += along * math.cos(math.radians(angle))
        y -= along * math.sin(math.radians(angle))
        place = f'x="{_number(x)}" y="{_number(y)}"'
        if angle:
            place = f'transform="translate({_number(x)} {_number(y)})rotate({_number(-angle)})"'
        ink, opacity = self._ink(gc.get_rgb(), gc, "fill")
        look = f' font-size="{_number(size)}"'
        look += f' text-anchor="{anchor}"' if anchor != "start" else ""
        look += f' fill="{ink}"' if ink != "#000" else ""
        look += ' font-weight="bold"' if prop.get_weight() in ("bold", 700) else ""
        self.found.append((f"<text {place}{look}{opacity}>", escape(s, quote=False), "</text>"))

    def draw_image(self, gc, x, y, im, transform=None):
        if transform is None:
            transform = Affine2D().scale(im.shape[1], im.shape[0])
        transform = transform + Affine2D().translate(x, y) + self.turn
        first, last = transform.transform([(0, 0), (1, 1)])  # where the matrix begins and ends
        im = im[:: 1 if first[1] < last[1] else -1, :: 1 if first[0] < last[0] else -1]
        (left, top), (right, bottom) = np.sort([first, last], axis=0)
        place = f'x="{_number(left)}" y="{_number(top)}" width="{_number(right - left)}" '
        place += f'height="{_number(bottom - top)}"'
        alpha = gc.get_alpha()
        opacity = f' opacity="{_number(alpha, 2)}"' if alpha is not None and alpha < 1 else ""
        file = io.BytesIO()
        _with_palette(_without_white(im)).save(file, "PNG", optimize=True)
        self.found.append(
            (
                f'<image {place} preserveAspectRatio="none" style="image-rendering:pixelated"'
                f"{opacity} ",
                f'href="data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"',
                "/>",
            )
        )

    def _clip(self, gc):
        """Return the rectangle outside of which nothing is drawn."""
        rectangle = gc.get_clip_rectangle()
        if rectangle is None:
            return None
        return Bbox(np.sort(self.turn.transform(rectangle.get_points()), axis=0))

    def _formula(self, x, y, s, prop, angle):
        vertices, codes = self._text2path.get_text_path(prop, s, ismath=True)
        scale = self.points_to_pixels(prop.get_size_in_points()) / self._text2path.FONT_SCALE
        place = Affine2D().scale(scale).rotate_deg(angle).translate(x, self.height - y)
        return Path(vertices, codes), place

    def _ink(self, colour, gc, kind="stroke"):
        """Return a colour, and the attribute that says how far one sees through it, if one does."""
        red, green, blue, *rest = colour
        forced = gc.get_forced_alpha()
        alpha = gc.get_alpha() if forced else rest[0] if rest else 1
        if red == green == blue and LIGHT <= red < 1:
            red = green = blue = 0
            alpha = alpha * (1 - colour[0])
        ink = to_hex((red, green, blue))
        if ink[1::2] == ink[2::2]:
            ink = "#" + ink[1::2]
        return ink, f' {kind}-opacity="{_number(alpha, 2)}"' if alpha < 1 else ""

    def _look(self, gc, face):
        """Return the attributes of a path."""
        look = ""
        if face is None:
            look = ' fill="none"'
        else:
            ink, opacity = self._ink(face, gc, "fill")
            look = (f' fill="{ink}"' if ink != "#000" else "") + opacity
        width = self.points_to_pixels(gc.get_linewidth())
        if not width:
            return look
        ink, opacity = self._ink(gc.get_rgb(), gc)
        look += f' stroke="{ink}"{opacity}'
        look += f' stroke-width="{_number(width, 2)}"' if _number(width, 2) != "1" else ""
        offset, dashes = gc.get_dashes()
        if dashes is not None:
            pattern = " ".join(_number(self.points_to_pixels(length)) for length in dashes)
            look += f' stroke-dasharray="{pattern}"'
            if offset:
                look += f' stroke-dashoffset="{_number(self.points_to_pixels(offset))}"'
        cap, join = CAPS[gc.get_capstyle()], gc.get_joinstyle()
        look += f' stroke-linecap="{cap}"' if cap != "butt" else ""
        look += f' stroke-linejoin="{join}"' if join != "miter" else ""
        return look

    def _add(self, data, look, alone):
        """Add a path; lines of an axis that look alike are one."""
        start, end = '<path d="', f'"{look}/>'
        if self.inside is not None and not alone:
            for place in range(self.inside, len(self.found)):
                if self.found[place][0] == start and self.found[place][2] == end:
                    self.found[place] = start, self.found[place][1] + data, end
                    return
        self.found.append((start, data, end))


def _without_line(renderer, gc):
    own = renderer.new_gc()
    own.copy_properties(gc)
    own.set_linewidth(0)
    return own


def _without_white(matrix):
    """Take the white out of opaque colours: on white they look the same, and on any ground well.

    Parameters
    ----------
    matrix : array of uint8, shape (height, width, 4)

    Returns
    -------
    array of the same kind

    Examples
    --------
    >>> _without_white(np.uint8([[[255, 255, 255, 255], [128, 128, 255, 255], [0, 9, 0, 90]]]))
    array([[[  0,   0,   0,   0],
            [  0,   0, 255, 127],
            [  0,   9,   0,  90]]], dtype=uint8)
    """
    colours, opaque = matrix[..., :3].astype(float), matrix[..., 3:] == 255
    share = 1 - colours.min(axis=-1, keepdims=True) / 255
    pure = 255 + (colours - 255) / np.where(share > 0, share, 1)
    pure = np.where(share > 0, pure, 0)
    found = np.concatenate([pure, 255 * share], axis=-1)
    return np.where(opaque, found.round(), matrix).astype(np.uint8)


def _with_palette(matrix):
    """Return a picture that lists its colours once, if they are few enough for that."""
    colours, places = np.unique(matrix.reshape(-1, 4), axis=0, return_inverse=True)
    if len(colours) > 256:
        return Image.fromarray(np.ascontiguousarray(matrix))
    picture = Image.fromarray(places.reshape(matrix.shape[:2]).astype(np.uint8))
    picture.putpalette(colours.tobytes(), "RGBA")
    return picture


def _is_circle(path):
    circle = Path.unit_circle().vertices
    return path.vertices.shape == circle.shape and np.allclose(path.vertices, circle)


def _is_white(colour):
    return tuple(colour[:3]) == (1, 1, 1) or colour[3] == 0


def _sees_through(gc, face):
    if gc.get_forced_alpha():
        return gc.get_alpha() < 1
    return face is not None and len(face) == 4 and face[3] < 1


def _lies_in(vertices, box):
    return (vertices >= box.min - 0.01).all() and (vertices <= box.max + 0.01).all()


def _path_data(path, relative=False):
    """Return a path as SVG writes it: from place to place, or by steps from where one is.

    Steps are between rounded places, so their errors don't add up.
    """
    kinds = {Path.MOVETO: "m", Path.LINETO: "l", Path.CURVE3: "q", Path.CURVE4: "c"}
    sizes = {Path.CURVE3: 2, Path.CURVE4: 3}
    parts, here, began, last, place = [], (0, 0), (0, 0), None, 0
    first = not relative
    vertices, codes = path.vertices, path.codes
    while place < len(codes) and codes[place] != Path.STOP:
        code = codes[place]
        if code == Path.CLOSEPOLY:
            parts.append("z")
            here, last, place = began, None, place + 1
            continue
        count = sizes.get(code, 1)
        ends = [tuple(_tenths(v) for v in vertex) for vertex in vertices[place : place + count]]
        place += count
        if code == Path.LINETO and ends[0] == here and last:
            continue  # a step too small to be seen
        steps = [(x - here[0], y - here[1]) for x, y in ends]
        here = ends[-1]
        if code == Path.MOVETO:
            began = here
        kind = kinds[code]
        if code == Path.MOVETO and first:
            kind, first = "M", False
        if code == Path.LINETO and not (steps[0][0] and steps[0][1]):
            flat = "v" if steps[0][1] else "h"
            kind, steps = flat, [steps[0][1:] if flat == "v" else steps[0][:1]]
        text = _join([length for step in steps for length in step])
        if kind == last and kind in "lqchv":
            parts.append(text if text.startswith("-") else " " + text)
        else:
            parts.append(kind + text)
        last = kind
    return "".join(parts)


def _tenths(length):
    return round(float(length) * 10)


def _join(tenths):
    """Write lengths in tenths with as few characters as can be.

    Examples
    --------
    >>> _join([5, -10, 123])
    '.5-1 12.3'
    """
    text = ""
    for length in tenths:
        one = _number(length / 10)
        text += one if not text or one.startswith("-") else " " + one
    return text


def _number(value, digits=1):
    """Write a number shortly.

    Examples
    --------
    >>> _number(0.52), _number(-0.01), _number(12.0)
    ('.5', '0', '12')
    """
    text = f"{value:.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    if text in ("-0", ""):
        return "0"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text
