"""The basket on a master: values are read, judged, and given to peels that may have them."""
