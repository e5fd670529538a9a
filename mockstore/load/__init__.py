"""Load on a consumer: users of Locust that send signed events."""
