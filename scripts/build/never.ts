/** A class that nothing is an instance of. */
export class Never {}
