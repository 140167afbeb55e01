/** The device of these tests, and the secret of its product. */
export const lamp = { productKey: 'a1b2c3d4e5f', deviceName: 'lamp:1@home' };
export const productSecret = 'Pr0ductSecret16x';
