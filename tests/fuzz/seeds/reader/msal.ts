export const msalConfig = { auth: { clientId: "600d0000-0000-4000-8000-000000000002", authority: "https://login.microsoftonline.com/common", redirectUri: `/` }, cache: {} };
const a = [1, 0x2, ...b]; // x
