"""The reader that runs on a CPU behind the same protocol as the served model. It sees a request's images and text only."""
