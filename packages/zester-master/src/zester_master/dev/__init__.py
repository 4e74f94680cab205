"""`zester-master dev`: a whole fleet of real processes on this machine, to play and test with."""
