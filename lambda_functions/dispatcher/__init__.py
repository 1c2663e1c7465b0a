"""L1: takes a device's message from the IoT rule and hands it to the layer that processes it."""
