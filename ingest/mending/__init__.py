"""Rejected messages: found again, looked at, and played once more after what was wrong is mended.

A replayed message is produced to the log in which it stood, with its key, its headers, its time,
and one header more, that names what it mends (`origin.py`). When a worker applies it, it is counted
where it lies, and the reject is taken back where *it* is counted: in the accounts of its home
`read` and `rejected` fall by one, `mended` rises by one. Both under the fences of the log, and once
for each reject: the set `mended:<feed>` of the home says which were taken back. So
read = accepted + duplicate + rejected + late holds in every home at every instant, and nothing is
counted twice. What is rejected again stays counted where it was, and is not counted anew.
"""
