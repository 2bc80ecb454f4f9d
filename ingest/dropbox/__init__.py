"""Files that arrive in a folder, or are named one by one, into the topic of their feed.

Each file once, by its content, and each message of it once, whatever dies in between. A ledger
beside the files says how far each has come and where the topic ended then; every message bears the
key `digest:number`. Who goes on with a file looks for its keys in what the topic has got since,
and leaves out what stands there already.
"""
