#!/usr/bin/env python3
"""Renders icon.svg to what the platforms want. Needs rsvg-convert (Debian: librsvg2-bin)."""

import pathlib
import struct
import subprocess

HERE = pathlib.Path(__file__).parent
PNG = {"32x32.png": 32, "128x128.png": 128, "128x128@2x.png": 256, "icon.png": 512}
ICO_SIZES = [16, 32, 48, 64, 256]
ICNS_TYPES = {b"ic11": 32, b"ic12": 64, b"ic07": 128, b"ic08": 256, b"ic09": 512}


def png(size):
    command = ["rsvg-convert", "--width", str(size), "--height", str(size), HERE / "icon.svg"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def ico():
    images = [(size, png(size)) for size in ICO_SIZES]
    offset = 6 + 16 * len(images)
    head, data = struct.pack("<HHH", 0, 1, len(images)), b""
    for size, image in images:
        side = size % 256  # 0 stands for 256
        head += struct.pack("<BBBBHHII", side, side, 0, 0, 1, 32, len(image), offset + len(data))
        data += image
    return head + data


def icns():
    data = b""
    for kind, size in ICNS_TYPES.items():
        image = png(size)
        data += kind + struct.pack(">I", len(image) + 8) + image
    return b"icns" + struct.pack(">I", len(data) + 8) + data


for name, size in PNG.items():
    (HERE / name).write_bytes(png(size))
(HERE / "icon.ico").write_bytes(ico())
(HERE / "icon.icns").write_bytes(icns())
