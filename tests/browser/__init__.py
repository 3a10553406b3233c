"""The pages of the real service in a real browser.

A package, so that browser and demo live as long as these tests and no longer: while Playwright runs, no other test of
the same process could run an event loop.
"""
