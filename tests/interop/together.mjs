export async function together() {}
