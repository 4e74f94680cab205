"""Files of lines that people and tools write too: read and spliced, strange lines byte for byte."""
