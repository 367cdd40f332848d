/** The package has no types of its own: a through-stream of the streams that came with Node 0.10. */
declare module "unbzip2-stream" {
  const unbzip2: () => NodeJS.ReadWriteStream;
  export = unbzip2;
}
