"""The demo centre: a simulation that writes the files a real centre writes, and knows the truth. Imports nothing."""
