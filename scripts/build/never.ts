/** To be asked for with instanceof: nothing is made by it. */
export function Never(): void {}
