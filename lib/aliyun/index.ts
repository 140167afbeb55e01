/** Devices of the Alibaba Cloud IoT Platform, usable without Node-RED: `new AliyunDevice({ productKey, … }).open()`. */
export * from './device';
