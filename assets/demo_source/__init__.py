"""Draw the demo set: glyphs of Noto Color Emoji and drawings of our own, put together in scenes."""
