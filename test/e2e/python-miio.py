"""Discovers and commands the simulated home with python-miio and prints what it found, as one JSON object.

Arguments: address and token of the lamp, address and token of the purifier.
"""
import json
import sys

try:
    from miio import Device, DeviceException
    from miio.miioprotocol import MiIOProtocol
    from miio.miot_device import MiotDevice
    from miio.yeelight import Yeelight
except ImportError:
    sys.exit("install python3-miio (apt-get install python3-miio)")


def hello(address):
    reply = MiIOProtocol.discover(address)
    return {
        "deviceId": int.from_bytes(reply.header.value.device_id, "big"),
        "tokenField": reply.checksum.hex(),
    }


def refusal(device, method):
    try:
        device.send(method)
    except DeviceException as error:
        return str(error)
    return None


def main(lamp_address, lamp_token, purifier_address, purifier_token):
    lamp = Device(lamp_address, lamp_token)
    info = lamp.info()
    yeelight = Yeelight(lamp_address, lamp_token, start_id=100)
    mapping = {"power": {"siid": 2, "piid": 1}, "humidity": {"siid": 3, "piid": 1}}
    purifier = MiotDevice(mapping, purifier_address, purifier_token)
    return {
        "hello": {"lamp": hello(lamp_address), "purifier": hello(purifier_address)},
        "info": {"model": info.model, "firmware": info.firmware_version, "mac": info.mac_address},
        "before": lamp.send("get_prop", ["power", "bright"]),
        "on": yeelight.on(),
        "after": lamp.send("get_prop", ["power", "bright"]),
        "refused": refusal(lamp, "no_such_method"),
        "properties": purifier.get_properties(),
        "switched": purifier.set_property("power", False),
        "readOnly": purifier.set_property("humidity", 50),
    }


print(json.dumps(main(*sys.argv[1:])))
