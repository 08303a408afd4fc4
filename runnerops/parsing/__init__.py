"""Finds the place of each key in a file, with one reader per format, and explains why a text cannot be parsed. The
readers expect text that the parser of the format has accepted. Pure.
"""
