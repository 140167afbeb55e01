"""Discovers and commands the simulated home with python-miio and prints what it found, as one JSON object.

Arguments: address and token of the lamp, of the purifier, of one with all that python-miio asks a purifier, and of
the plug.

Debian's miiocli as a whole does not start with Debian's click, so its commands are run one device class at a time, and one
for each device, since each begins with the id 1 again, which a device takes for a repeat.
"""
import contextlib
import io
import json
import sys

try:
    from miio import Device, DeviceException
    from miio.airpurifier_miot import AirPurifierMiot
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


def miiocli(device_class, address, token, *command):
    """What the command prints, as lines."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        arguments = ["--ip", address, "--token", token, *command]
        device_class.get_device_group().main(arguments, prog_name="miiocli", standalone_mode=False)
    return [line for line in printed.getvalue().splitlines() if line]


def main(
    lamp_address,
    lamp_token,
    purifier_address,
    purifier_token,
    full_address,
    full_token,
    plug_address,
    plug_token,
):
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
        "status": miiocli(AirPurifierMiot, full_address, full_token, "status"),
        "raw": miiocli(Device, plug_address, plug_token, "raw_command", "get_prop", "['power']"),
    }


print(json.dumps(main(*sys.argv[1:])))
