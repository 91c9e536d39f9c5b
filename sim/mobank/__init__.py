"""mobank: how many people will be registered for a bank's mobile banking, how many use it, and how sure are we?"""
